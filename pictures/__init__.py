"""Makes the pictures of the README and the documentation from real runs: `make screenshots`, `make cast`, `make studies`."""
