"""One request on its way: parse, decode, batch, infer, render."""
