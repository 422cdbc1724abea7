"""`python -m training` on a Ray cluster of this machine, started and stopped here."""

import sys

from ray.cluster_utils import Cluster

from research.__main__ import main

if __name__ == "__main__":
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 2, "dashboard_port": None})
    try:
        sys.exit(main([*sys.argv[1:], "--ray", cluster.address]))
    finally:
        cluster.shutdown()
