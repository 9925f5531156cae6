"""Which serial port a plotter is on, by the USB ids of its board."""

from __future__ import annotations

from serial.tools import list_ports

from plotart.core.errors import InputError

__all__ = ["IDS", "find_port"]

IDS: dict[str, tuple[tuple[int, int | None], ...]] = {
    "ebb": ((0x04D8, 0xFD92),),
    # CH340, DrawCore, Arduino, FTDI, CP210x: what boards with GRBL talk through
    "grbl": ((0x1A86, 0x7523), (0x1A86, 0x8040), (0x2341, None), (0x0403, 0x6001), (0x10C4, 0xEA60)),
}
"""USB vendor and product (None: any) by kind of board."""


def find_port(kind: str) -> str:
    """The port of the only board of that kind; InputError, one sentence, where there is none or more than one."""
    ports = sorted(list_ports.comports(), key=lambda port: port.device)
    found = [p.device for p in ports if any(p.vid == v and w in (None, p.pid) for v, w in IDS[kind])]
    if len(found) == 1:
        return str(found[0])
    if found:
        raise InputError(f"--port: there are {len(found)} plotters: take one of {', '.join(found)}.")
    others = ", ".join(port.device for port in ports if port.vid is not None)
    said = f" (other ports: {others})" if others else ""
    raise InputError(f"--port: no plotter is found on USB{said}; plug it in, or name its port.")
