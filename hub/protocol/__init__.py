"""The two-way write protocol: binding states, policies, decide(). Pure."""
