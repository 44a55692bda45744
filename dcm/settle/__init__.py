"""A circuit brought to a state: at rest, in two passes, or in time; and the loop that learns."""
