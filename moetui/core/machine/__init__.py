"""The machine: devices, cores, processes, and starting and stopping them."""
