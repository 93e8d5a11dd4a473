"""One file for each kind: states, rules, totals. Pure."""
