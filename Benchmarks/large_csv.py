"""Writes a numeric CSV file of a given size, to measure reading: large_csv.py FILE [GIGABYTES].

50 features in [-10, 10) with 6 decimals, and a label that depends on three of them. 100,000 distinct
rows, written again and again in other orders.
"""

import random
import sys

path = sys.argv[1]
size = float(sys.argv[2]) * 1e9 if len(sys.argv) > 2 else 1e9
source = random.Random(1)
columns = 50
rows = []
for _ in range(100_000):
    x = [round(source.uniform(-10, 10), 6) for _ in range(columns)]
    label = "yes" if x[0] + x[1] * x[2] / 5 > 0 else "no"
    rows.append(",".join(map(str, x)) + "," + label + "\n")
with open(path, "w") as file:
    file.write(",".join(f"x{i}" for i in range(columns)) + ",label\n")
    while file.tell() < size:
        source.shuffle(rows)
        file.write("".join(rows))
