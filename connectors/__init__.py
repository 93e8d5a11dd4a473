"""One folder for each external system, the same file names everywhere."""

ISTHMUS = "isthmus"
