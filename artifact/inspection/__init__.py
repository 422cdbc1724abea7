"""What a network does inside: its layers, their maps, and what spoke for a class."""
