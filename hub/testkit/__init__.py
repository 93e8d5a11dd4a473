"""What connector authors run: conformance suite, fault proxy, server starters."""
