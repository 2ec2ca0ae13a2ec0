"""Writes Tests/CommandTests/Fixtures/parts.npz: parts for training, validation and test, labels as texts.

    python3 Reference/parts_npz.py

Without NumPy, so that the bytes do not depend on its version.
"""

import pathlib
import struct
import zipfile

GOAL = pathlib.Path(__file__).resolve().parent.parent / "Tests/CommandTests/Fixtures/parts.npz"


def npy(descriptor, shape, data):
    sizes = "".join(f"{size}, " for size in shape)
    header = f"{{'descr': '{descriptor}', 'fortran_order': False, 'shape': ({sizes}), }}"
    header += " " * ((-(len(header) + 11)) % 64) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + data


with zipfile.ZipFile(GOAL, "w", zipfile.ZIP_DEFLATED) as archive:
    # Each part has rows of its own.
    for part, first, rows in (("train", 0, 30), ("val", 100, 10), ("test", 205, 10)):
        numbers = range(first, first + rows)
        x = [float((row * 7 + column * 3) % 11) + row / 100 for row in numbers for column in range(2)]
        labels = ["yes" if (row * 7) % 11 < 5 else "no" for row in numbers]
        texts = b"".join(label.encode("utf-32-le").ljust(12, b"\0") for label in labels)
        for name, data in (
            ("x", npy("<f4", (rows, 2), struct.pack(f"<{len(x)}f", *x))),
            ("y", npy("<U3", (rows,), texts)),
        ):
            archive.writestr(zipfile.ZipInfo(f"{name}_{part}.npy", (2020, 1, 1, 0, 0, 0)), data)
