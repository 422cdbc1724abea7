"""A folder of pictures in, a decision out: check, split, compare, decide, publish.

`collection` reads and divides the folder, `arms` are what competes, `plan` fits them into the
minutes, `race` runs them, `outcome` exports them and says what came out; `run` is all of that.
"""
