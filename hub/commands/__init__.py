"""One file for each noun of the command line: parse, call a use case, print."""
