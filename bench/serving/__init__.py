"""Tandem beside other model servers: the same model, the same pictures, one core each, one run.

python -m bench.serving [--quick]
"""
