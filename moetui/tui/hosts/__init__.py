"""The runs of this workspace and of all hosts together."""
