"""One circuit brought to a state three ways: steady state, two passes, or through time; and the loop that learns."""
