"""Workloads of the benchmark ``compute``, on our engine and on its peers."""
