"""A server that names everything the same: python -m tests.bench.naming PORT LABEL."""

import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Final

PATH: Final = "/predict"


class Naming(BaseHTTPRequestHandler):
    label: str

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200 if self.path == PATH else 404)
        self.end_headers()
        self.wfile.write(f'{{"label": "{self.label}"}}'.encode())


if __name__ == "__main__":
    Naming.label = sys.argv[2]
    HTTPServer(("127.0.0.1", int(sys.argv[1])), Naming).serve_forever()
