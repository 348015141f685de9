"""Compressed streams that say where their members begin and whether they end as they should."""

from __future__ import annotations

import bz2
import io
import lzma
import zlib
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO, Protocol

ENDINGS = {".gz": "gz", ".zst": "zst", ".bz2": "bz2", ".xz": "xz"}
MAGIC = {"gz": b"\x1f\x8b\x08", "zst": b"\x28\xb5\x2f\xfd", "bz2": b"BZh", "xz": b"\xfd7zXZ\x00"}
BLOCK = 1 << 20
_FEED = {"gz": 32768, "zst": 4096, "bz2": 32768, "xz": 32768}
"""Bytes given to a decoder at once: small enough that a decompression bomb stays below some 130 MB."""
_SKIPPABLE = range(0x184D2A50, 0x184D2A60)
_DICTIONARY = 0x184D2A5D
LIBRARY_ERRORS = (zlib.error, lzma.LZMAError, OSError, EOFError)


class Damage(Exception):
    """A record or stream that cannot be read on; `reason` is a stable code, `detail` a sentence."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


class Decoder(Protocol):
    """What zlib, bz2, lzma and zstandard decompressors share."""

    eof: bool
    unused_data: bytes

    def decompress(self, data: bytes, max_length: int = ..., /) -> bytes: ...


class Seekable(Protocol):
    """The part of a binary stream that is needed here."""

    def seek(self, offset: int, /) -> int: ...

    def read(self, count: int, /) -> bytes: ...


class Raw:
    """Bytes of a seekable stream at any offset, read ahead in blocks."""

    def __init__(self, stream: Seekable) -> None:
        self._stream = stream
        self._block = b""
        self._begin = 0
        self._at = -1

    def at(self, offset: int, count: int) -> bytes:
        """Up to `count` bytes from `offset`; fewer only at the end of the stream."""
        inside = offset - self._begin
        if inside >= 0 and inside + count <= len(self._block):
            return self._block[inside : inside + count]
        kept = self._block[inside:] if 0 <= inside < len(self._block) else b""
        position = offset + len(kept)
        if position != self._at:
            self._stream.seek(position)
        parts, missing = [kept], max(count, BLOCK) - len(kept)
        while missing > 0 and (part := self._stream.read(missing)):
            parts.append(part)
            missing -= len(part)
            position += len(part)
        self._block, self._begin, self._at = b"".join(parts), offset, position
        return self._block[:count]


class Codec:
    """Members (gzip) or frames (zstd) of one compressed stream."""

    def __init__(self, compression: str, raw: Raw) -> None:
        self.compression = compression
        self.raw = raw
        self.magic = MAGIC[compression]
        self.feed = _FEED[compression]
        self._new = _factory(compression, raw)

    def decoder(self) -> Decoder:
        made: Decoder = self._new()
        return made

    def is_member(self, offset: int) -> bool:
        return self.raw.at(offset, len(self.magic)) == self.magic

    def pass_over(self, offset: int) -> int:
        """Where the next thing begins that is not zero padding or a skippable zstd frame."""
        while True:
            head = self.raw.at(offset, 4096)
            bare = head.lstrip(b"\0")
            if head and not bare:
                offset += len(head)
                continue
            offset += len(head) - len(bare)
            if self.compression != "zst" or int.from_bytes(bare[:4], "little") not in _SKIPPABLE or len(bare) < 8:
                return offset
            offset += 8 + int.from_bytes(bare[4:8], "little")

    def head(self, offset: int, count: int = 512) -> bytes:
        """The first decompressed bytes of the member at `offset`; empty when there is none that decodes."""
        if not self.is_member(offset):
            return b""
        decoder, out = self.decoder(), b""
        try:
            for step in range(8):
                out += decoder.decompress(self.raw.at(offset + step * 512, 512))
                if len(out) >= count or decoder.eof:
                    break
        except _errors(self.compression):
            return b""
        return out[:count]

    def find(self, offset: int, stop: int, accept: Callable[[bytes], bool]) -> int:
        """The first member in [offset, stop) whose decompressed beginning is accepted; `stop` when none is."""
        while offset < stop:
            block = self.raw.at(offset, BLOCK)
            at = block.find(self.magic)
            while at >= 0 and offset + at < stop:
                if accept(self.head(offset + at)):
                    return offset + at
                block = self.raw.at(offset, BLOCK)
                at = block.find(self.magic, at + 1)
            if len(block) < BLOCK:
                return stop
            offset += len(block) - len(self.magic) + 1
        return stop


def _factory(compression: str, raw: Raw) -> Callable[[], Any]:
    if compression == "gz":
        return lambda: zlib.decompressobj(31)
    if compression == "bz2":
        return bz2.BZ2Decompressor
    if compression == "xz":
        return lzma.LZMADecompressor
    import zstandard

    words = _zstd_dictionary(raw)
    held = zstandard.ZstdDecompressor(dict_data=words) if words else zstandard.ZstdDecompressor()
    return held.decompressobj


def _zstd_dictionary(raw: Raw) -> Any:
    """The dictionary of a .warc.zst, which its first skippable frame holds; null when there is none.

    IIPC WARC zstd specification 1.0: the dictionary may itself be compressed.
    """
    import zstandard

    head = raw.at(0, 8)
    if len(head) < 8 or int.from_bytes(head[:4], "little") != _DICTIONARY:
        return None
    content = raw.at(8, min(int.from_bytes(head[4:8], "little"), 64 * BLOCK))
    if content.startswith(MAGIC["zst"]):
        try:
            content = zstandard.ZstdDecompressor().decompress(content, max_output_size=64 * BLOCK)
        except zstandard.ZstdError as error:
            raise Damage("damaged_record", f"the zstd dictionary of the file is corrupt: {error}") from error
    return zstandard.ZstdCompressionDict(content)


def _errors(compression: str) -> tuple[type[Exception], ...]:
    if compression != "zst":
        return LIBRARY_ERRORS
    import zstandard

    return (*LIBRARY_ERRORS, zstandard.ZstdError)


class Member:
    """Decompressed pieces of one member from `offset`; `end` is where it ended, once it has."""

    def __init__(self, codec: Codec, offset: int) -> None:
        self.codec = codec
        self.offset = offset
        self.end: int | None = None
        self._next = offset
        self._decoder = codec.decoder()
        self._errors = _errors(codec.compression)

    def read(self) -> bytes:
        """The next piece, or nothing at the end. Raises Damage when the member is cut or corrupt."""
        while self.end is None:
            data = self.codec.raw.at(self._next, self.codec.feed)
            if not data:
                raise Damage(
                    f"truncated_{_NAMES[self.codec.compression]}",
                    f"the compressed member at byte {self.offset} is cut off at the end of the file",
                )
            try:
                piece = self._decoder.decompress(data)
            except self._errors as error:
                raise Damage(
                    "damaged_record", f"the compressed member at byte {self.offset} is corrupt: {error}"
                ) from error
            self._next += len(data)
            if self._decoder.eof:
                self.end = self._next - len(self._decoder.unused_data)
            if piece:
                return piece
        return b""


_NAMES = {"gz": "gzip", "zst": "zstd", "bz2": "bzip2", "xz": "xz"}


def compression_of(name: str) -> str | None:
    """`gz`, `zst`, `bz2` or `xz` by the ending of a file name; null when it is plain."""
    lower = name.lower()
    return next((kind for ending, kind in ENDINGS.items() if lower.endswith(ending)), None)


def chunks(stream: BinaryIO, compression: str | None) -> Iterator[bytes]:
    """All bytes of a stream, decompressed, in pieces. Raises Damage when the compressed stream is cut or corrupt."""
    if compression is None:
        while block := stream.read(BLOCK):
            yield block
        return
    codec = Codec(compression, Raw(stream))
    offset = codec.pass_over(0)
    while codec.raw.at(offset, 1):
        if not codec.is_member(offset):
            raise Damage("damaged_record", f"no {_NAMES[compression]} data at byte {offset}")
        member = Member(codec, offset)
        while piece := member.read():
            yield piece
        offset = codec.pass_over(member.end or 0)


class ChunkReader(io.RawIOBase):
    """A file object, forward only, over decompressed pieces; what tarfile wants in stream mode."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._held = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._held:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._held = piece
        count = min(len(buffer), len(self._held))
        buffer[:count] = self._held[:count]
        self._held = self._held[count:]
        return count
