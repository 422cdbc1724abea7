"""The networks: blocks, what is made of them, and their filters."""
