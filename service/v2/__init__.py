"""The Open Inference Protocol (V2, REST): what clients of Triton, KServe and MLServer speak."""
