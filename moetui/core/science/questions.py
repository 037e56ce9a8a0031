"""What a comparison can be asked for; the command line offers the same words."""

from typing import Literal

Against = Literal["best", "first", "all"]
"""What settings are compared with: the best, the first one named, or all with each other."""

Pairing = Literal["auto", "always", "never"]
"""Whether what a seed does to all settings alike is taken out; auto: where enough seeds are shared."""

Cost = Literal["seconds", "tokens", "flops", "memory"]
"""What a setting costs: seconds or tokens of training, operations, bytes of peak memory."""
