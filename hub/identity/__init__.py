"""Which records are the same party: normalise, candidates, score, cluster, survive. Pure."""
