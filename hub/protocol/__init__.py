"""The two-way write protocol, pure: binding states, policies, and the one decision function. See docs/protocol.md."""
