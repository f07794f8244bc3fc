import java.io.BufferedOutputStream;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.rocksdb.*;

/** The newest RocksDB that Maven Central has (rocksdbjni), driven line by line. See newest-driver.ts for the protocol. */
public class Newest {
  private static final HexFormat HEX = HexFormat.of().withUpperCase();

  private final PrintStream out =
      new PrintStream(new BufferedOutputStream(System.out, 1 << 16), false, StandardCharsets.UTF_8);
  private final Map<String, ColumnFamilyHandle> families = new LinkedHashMap<>();
  private String[] settings = {};
  private RocksDB db;

  public static void main(String[] args) throws Exception {
    RocksDB.loadLibrary();
    new Newest().serve();
  }

  private void serve() throws Exception {
    var in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      try {
        run(line.split(" "));
        out.println("ok");
      } catch (Exception error) {
        out.println("error " + String.valueOf(error.getMessage()).replace('\n', ' '));
      }
      out.flush();
    }
  }

  private void run(String[] words) throws RocksDBException {
    switch (words[0]) {
      case "open" -> open(text(words[1]), java.util.Arrays.copyOfRange(words, 2, words.length));
      case "create" -> create(text(words[1]));
      case "put" -> db.put(family(words[1]), bytes(words[2]), bytes(words[3]));
      case "delete" -> db.delete(family(words[1]), bytes(words[2]));
      case "merge" -> db.merge(family(words[1]), bytes(words[2]), bytes(words[3]));
      case "deleteRange" -> db.deleteRange(family(words[1]), bytes(words[2]), bytes(words[3]));
      case "batch" -> batch(words);
      case "flush" -> flush(family(words[1]));
      case "compact" -> db.compactRange(family(words[1]));
      case "list" -> families.keySet().forEach(name -> out.println("row " + hex(name.getBytes(StandardCharsets.UTF_8))));
      case "scan" -> scan(family(words[1]));
      case "verify" -> db.verifyChecksum();
      case "close" -> close();
      default -> throw new IllegalArgumentException("unknown command " + words[0]);
    }
  }

  private void open(String path, String[] settings) throws RocksDBException {
    this.settings = settings;
    List<byte[]> names = RocksDB.listColumnFamilies(new Options(), path);
    if (names.isEmpty()) names = List.of(RocksDB.DEFAULT_COLUMN_FAMILY);
    var descriptors = new ArrayList<ColumnFamilyDescriptor>();
    for (byte[] name : names) descriptors.add(new ColumnFamilyDescriptor(name, familyOptions()));
    var handles = new ArrayList<ColumnFamilyHandle>();
    db = RocksDB.open(new DBOptions().setCreateIfMissing(true), path, descriptors, handles);
    for (ColumnFamilyHandle handle : handles) families.put(new String(handle.getName(), StandardCharsets.UTF_8), handle);
  }

  private void create(String name) throws RocksDBException {
    var descriptor = new ColumnFamilyDescriptor(name.getBytes(StandardCharsets.UTF_8), familyOptions());
    families.put(name, db.createColumnFamily(descriptor));
  }

  private ColumnFamilyOptions familyOptions() {
    var table = new BlockBasedTableConfig();
    var options = new ColumnFamilyOptions();
    for (String setting : settings) {
      String[] pair = setting.split("=");
      apply(pair[0], pair[1], options, table);
    }
    return options.setTableFormatConfig(table);
  }

  private void apply(String name, String value, ColumnFamilyOptions options, BlockBasedTableConfig table) {
    switch (name) {
      case "formatVersion" -> table.setFormatVersion(Integer.parseInt(value));
      case "blockSize" -> table.setBlockSize(Integer.parseInt(value));
      case "bloomBits" -> table.setFilterPolicy(new BloomFilter(Double.parseDouble(value)));
      case "checksum" -> table.setChecksumType(ChecksumType.valueOf(value));
      case "restartInterval" -> table.setBlockRestartInterval(Integer.parseInt(value));
      case "indexRestartInterval" -> table.setIndexBlockRestartInterval(Integer.parseInt(value));
      case "partitioned" ->
          table.setIndexType(IndexType.kTwoLevelIndexSearch).setMetadataBlockSize(512)
              .setPartitionFilters(value.equals("filters"));
      case "hashIndex" -> table.setDataBlockIndexType(DataBlockIndexType.kDataBlockBinaryAndHash);
      case "compression" -> options.setCompressionType(compression(value));
      case "mergeOperator" -> options.setMergeOperatorName(value);
      case "writeBufferSize" -> {
        long size = Long.parseLong(value);
        options.setWriteBufferSize(size).setTargetFileSizeBase(size).setMaxBytesForLevelBase(3 * size);
      }
      default -> throw new IllegalArgumentException("unknown setting " + name);
    }
  }

  private static CompressionType compression(String name) {
    return switch (name) {
      case "none" -> CompressionType.NO_COMPRESSION;
      case "snappy" -> CompressionType.SNAPPY_COMPRESSION;
      case "zlib" -> CompressionType.ZLIB_COMPRESSION;
      case "lz4" -> CompressionType.LZ4_COMPRESSION;
      case "lz4hc" -> CompressionType.LZ4HC_COMPRESSION;
      case "zstd" -> CompressionType.ZSTD_COMPRESSION;
      default -> throw new IllegalArgumentException("unknown compression " + name);
    };
  }

  private void batch(String[] words) throws RocksDBException {
    try (var batch = new WriteBatch(); var options = new WriteOptions()) {
      for (int i = 2; i < words.length; i += 2) batch.put(family(words[1]), bytes(words[i]), bytes(words[i + 1]));
      db.write(options, batch);
    }
  }

  private void flush(ColumnFamilyHandle family) throws RocksDBException {
    try (var options = new FlushOptions()) {
      db.flush(options, family);
    }
  }

  private void scan(ColumnFamilyHandle family) throws RocksDBException {
    try (RocksIterator rows = db.newIterator(family)) {
      for (rows.seekToFirst(); rows.isValid(); rows.next()) out.println("row " + hex(rows.key()) + " " + hex(rows.value()));
      rows.status();
    }
  }

  private void close() throws RocksDBException {
    families.values().forEach(ColumnFamilyHandle::close);
    families.clear();
    db.closeE();
  }

  private ColumnFamilyHandle family(String word) {
    return families.get(text(word));
  }

  private static String hex(byte[] bytes) {
    return "0x" + HEX.formatHex(bytes);
  }

  private static byte[] bytes(String word) {
    return HEX.parseHex(word.substring(2));
  }

  private static String text(String word) {
    return new String(bytes(word), StandardCharsets.UTF_8);
  }
}
