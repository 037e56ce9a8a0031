"""What only a GPU can show of the engine, in one run of at most nine minutes that ends with one table.

    python -m benchmarks.gpu                       # on a GPU
    python -m benchmarks.gpu --device cpu --tiny   # the same code on a processor with toy sizes, to try the script

It needs what the engine imports (torch, numpy, pydantic, orjson, safetensors, tokenizers), and transformers for the contestants; it
leaves out a part for which there is no time. On a GPU it writes benchmarks/results/gpu-DEVICE.md.
"""
