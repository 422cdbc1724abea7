"""From the bytes of a picture to what a network sees; knows no model, no web and no torch."""
