"""The newest RocksDB that PyPI has (rocksdict), driven line by line. See newest-driver.ts for the protocol."""

import sys

from rocksdict import (
    BlockBasedIndexType,
    BlockBasedOptions,
    ChecksumType,
    DataBlockIndexType,
    DBCompressionType,
    Options,
    Rdict,
    WriteBatch,
)

COMPRESSIONS = {
    "none": DBCompressionType.none,
    "snappy": DBCompressionType.snappy,
    "zlib": DBCompressionType.zlib,
    "lz4": DBCompressionType.lz4,
    "lz4hc": DBCompressionType.lz4hc,
    "zstd": DBCompressionType.zstd,
}
CHECKSUMS = {
    "kNoChecksum": ChecksumType.no_checksum(),
    "kCRC32c": ChecksumType.crc32c(),
    "kxxHash": ChecksumType.xxhash(),
    "kxxHash64": ChecksumType.xxhash64(),
    "kXXH3": ChecksumType.xxh3(),
}


def options_of(settings):
    table = BlockBasedOptions()
    options = Options(raw_mode=True)
    options.create_if_missing(True)
    options.create_missing_column_families(True)
    for setting in settings:
        name, value = setting.split("=")
        if name == "formatVersion":
            table.set_format_version(int(value))
        elif name == "blockSize":
            table.set_block_size(int(value))
        elif name == "bloomBits":
            table.set_bloom_filter(float(value), False)
        elif name == "checksum":
            table.set_checksum_type(CHECKSUMS[value])
        elif name == "restartInterval":
            table.set_block_restart_interval(int(value))
        elif name == "indexRestartInterval":
            table.set_index_block_restart_interval(int(value))
        elif name == "partitioned":
            table.set_index_type(BlockBasedIndexType.two_level_index_search())
            table.set_metadata_block_size(512)
            table.set_partition_filters(value == "filters")
        elif name == "hashIndex":
            table.set_data_block_index_type(DataBlockIndexType.binary_and_hash())
        elif name == "compression":
            options.set_compression_type(COMPRESSIONS[value]())
        elif name == "writeBufferSize":
            options.set_write_buffer_size(int(value))
            options.set_target_file_size_base(int(value))
            options.set_max_bytes_for_level_base(3 * int(value))
        else:
            raise ValueError("unknown setting " + name)
    options.set_block_based_table_factory(table)
    return options


class Session:
    def __init__(self):
        self.db = None
        self.families = {}

    def open(self, path, *settings):
        try:
            names = Rdict.list_cf(path, options_of(settings))
        except Exception:
            names = ["default"]  # There is no database yet.
        others = [name for name in names if name != "default"]
        self.settings = settings
        self.db = Rdict(path, options_of(settings), {name: options_of(settings) for name in others})
        self.families = {"default": self.db}
        for name in others:
            self.families[name] = self.db.get_column_family(name)

    def create(self, family):
        self.families[family] = self.db.create_column_family(family, options_of(self.settings))

    def put(self, family, key, value):
        self.families[family][decode(key)] = decode(value)

    def delete(self, family, key):
        del self.families[family][decode(key)]

    def deleteRange(self, family, start, end):
        self.families[family].delete_range(decode(start), decode(end))

    def batch(self, family, *fields):
        batch = WriteBatch(raw_mode=True)
        handle = self.db.get_column_family_handle(family)
        for key, value in zip(fields[::2], fields[1::2]):
            batch.put(decode(key), decode(value), handle)
        self.db.write(batch)

    def flush(self, family):
        self.families[family].flush(True)

    def compact(self, family):
        self.families[family].compact_range(None, None)

    def list(self):
        for family in self.families:
            print("row " + encode(family.encode()))

    def scan(self, family):
        rows = self.families[family].iter()
        rows.seek_to_first()
        while rows.valid():
            print("row " + encode(rows.key()) + " " + encode(rows.value()))
            rows.next()
        rows.status()  # Raises what ended the scan early; items() says nothing of it.

    def verify(self):
        pass  # Reading verifies checksums; there is no call for the whole.

    def close(self):
        for name, family in self.families.items():
            if name != "default":
                family.close()
        self.families = {}
        self.db.close()


def encode(data):
    return "0x" + data.hex().upper()


def decode(text):
    return bytes.fromhex(text[2:])


def main():
    session = Session()
    for line in sys.stdin:
        command, *words = line.rstrip("\n").split(" ")
        if command in ("create", "put", "delete", "deleteRange", "batch", "flush", "compact", "scan"):
            words[0] = decode(words[0]).decode()
        elif command == "open":
            words[0] = decode(words[0]).decode()
        try:
            getattr(session, command)(*words)
            print("ok")
        except Exception as error:
            print("error " + str(error).replace("\n", " "))
        sys.stdout.flush()


main()
