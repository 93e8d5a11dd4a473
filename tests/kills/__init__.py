"""Real processes, killed at random moments; then both sides are asked whether anything was lost or doubled."""
