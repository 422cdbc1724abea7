"""The process: uvicorn, the connection, workers, sockets, shutdown."""
