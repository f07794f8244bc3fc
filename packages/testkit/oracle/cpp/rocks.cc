// C++ RocksDB behind the lines that newest-driver.ts speaks, with all that the command line tools cannot do: comparators,
// timestamps of users, entities, merges, single deletions and deleted ranges.
//
//     c++ -std=c++17 rocks.cc -o rocks -lrocksdb
//
// Words are separated by blanks, bytes are hex (`0x6B`), names are the hex of their UTF-8. A timestamp is a decimal number
// behind `@`, in families whose comparator has timestamps.
//
//     open PATH [comparator=NAME] [ttl=SECONDS] [readonly=1] [db=OPTIONS] [cf=OPTIONS] [family:HEXNAME=NAME]
//     create FAMILY [comparator=NAME] | list | close
//     put FAMILY KEY VALUE [@TS] | delete FAMILY KEY [@TS] | single FAMILY KEY [@TS] | merge FAMILY KEY OPERAND
//     range FAMILY START END [@TS] | entity FAMILY KEY [NAME VALUE]... | batch FAMILY KEY VALUE ...
//     get FAMILY KEY [@TS] | columns FAMILY KEY | scan FAMILY [@TS] | scancolumns FAMILY | reverse FAMILY [@TS]
//     seek FAMILY KEY | versions FAMILY | flush FAMILY | compact FAMILY | trim FAMILY @TS | verify
//
// OPTIONS are RocksDB's own option strings, as `{write_buffer_size=65536;merge_operator=stringappend}` without blanks.
// The answer is any number of `row ...` lines, then `ok` or `error MESSAGE`.

#include <rocksdb/comparator.h>
#include <rocksdb/convenience.h>
#include <rocksdb/db.h>
#include <rocksdb/utilities/db_ttl.h>
#include <rocksdb/wide_columns.h>

#include <cstring>
#include <iostream>
#include <map>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

using namespace rocksdb;
using Words = std::vector<std::string>;

namespace {

void must(const Status& status) {
  if (!status.ok()) throw std::runtime_error(status.ToString());
}

std::string fromHex(const std::string& word) {
  if (word.rfind("0x", 0) != 0 || word.size() % 2 != 0) throw std::runtime_error("not hex: " + word);
  std::string bytes;
  for (size_t i = 2; i < word.size(); i += 2) bytes.push_back(static_cast<char>(std::stoi(word.substr(i, 2), nullptr, 16)));
  return bytes;
}

std::string hex(const Slice& bytes) { return "0x" + bytes.ToString(true); }

// As RocksDB's own tests have it: keys are eight bytes, numbers in the machine's order.
class Uint64Comparator : public Comparator {
 public:
  const char* Name() const override { return "rocksdb.Uint64Comparator"; }
  int Compare(const Slice& a, const Slice& b) const override {
    uint64_t x, y;
    if (a.size() != 8 || b.size() != 8) throw std::runtime_error("a key of other than eight bytes");
    std::memcpy(&x, a.data(), 8);
    std::memcpy(&y, b.data(), 8);
    return x == y ? 0 : x < y ? -1 : 1;
  }
  void FindShortestSeparator(std::string*, const Slice&) const override {}
  void FindShortSuccessor(std::string*) const override {}
};

// The twin of length-first.ts: shorter keys first, those of one length bytewise.
class LengthFirst : public Comparator {
 public:
  const char* Name() const override { return "testkit.LengthFirst"; }
  int Compare(const Slice& a, const Slice& b) const override {
    if (a.size() != b.size()) return a.size() < b.size() ? -1 : 1;
    return a.compare(b);
  }
  void FindShortestSeparator(std::string*, const Slice&) const override {}
  void FindShortSuccessor(std::string*) const override {}
};

const Comparator* comparatorOf(const std::string& name) {
  static const Uint64Comparator uint64;
  static const LengthFirst lengthFirst;
  for (const Comparator* each : std::initializer_list<const Comparator*>{&uint64, &lengthFirst})
    if (name == each->Name()) return each;
  const Comparator* builtIn = nullptr;
  must(Comparator::CreateFromString(ConfigOptions(), name, &builtIn));
  return builtIn;
}

class Session {
 public:
  void handle(const Words& words) {
    const std::string& verb = words.at(0);
    if (verb == "open") open(words);
    else if (verb == "close") close();
    else if (verb == "list") list();
    else if (verb == "create") create(words);
    else if (verb == "verify") must(database()->VerifyChecksum());
    else if (isRead(verb)) read(words);
    else write(words);
  }

 private:
  std::unique_ptr<DB> db_;
  std::map<std::string, ColumnFamilyHandle*> families_;
  ColumnFamilyOptions defaults_;

  DB* database() {
    if (db_ == nullptr) throw std::runtime_error("no database is open");
    return db_.get();
  }

  ColumnFamilyHandle* family(const Words& words) {
    auto found = families_.find(fromHex(words.at(1)));
    if (found == families_.end()) throw std::runtime_error("no such column family");
    return found->second;
  }

  void open(const Words& words) {
    const std::string path = fromHex(words.at(1));
    DBOptions options;
    options.create_if_missing = true;
    defaults_ = ColumnFamilyOptions();
    std::map<std::string, std::string> comparators;
    bool readOnly = false;
    int ttl = -1;
    for (size_t i = 2; i < words.size(); i++) {
      const size_t at = words[i].find('=');
      const std::string name = words[i].substr(0, at), value = words[i].substr(at + 1);
      if (name == "comparator") comparators[kDefaultColumnFamilyName] = value;
      else if (name.rfind("family:", 0) == 0) comparators[fromHex(name.substr(7))] = value;
      else if (name == "ttl") ttl = std::stoi(value);
      else if (name == "readonly") readOnly = value == "1";
      else if (name == "db") must(GetDBOptionsFromString(ConfigOptions(), options, value, &options));
      else if (name == "cf") must(GetColumnFamilyOptionsFromString(ConfigOptions(), defaults_, value, &defaults_));
      else throw std::runtime_error("unknown setting " + name);
    }
    std::vector<std::string> names;
    if (!DB::ListColumnFamilies(options, path, &names).ok()) names = {kDefaultColumnFamilyName};
    std::vector<ColumnFamilyDescriptor> descriptors;
    for (const std::string& name : names) {
      ColumnFamilyOptions own = defaults_;
      if (comparators.count(name) > 0) own.comparator = comparatorOf(comparators[name]);
      descriptors.emplace_back(name, own);
    }
    std::vector<ColumnFamilyHandle*> handles;
    DB* db = nullptr;
    if (ttl >= 0) {
      DBWithTTL* withTtl = nullptr;
      must(DBWithTTL::Open(options, path, descriptors, &handles, &withTtl, std::vector<int32_t>(names.size(), ttl), readOnly));
      db = withTtl;
    } else if (readOnly) {
      must(DB::OpenForReadOnly(options, path, descriptors, &handles, &db));
    } else {
      must(DB::Open(options, path, descriptors, &handles, &db));
    }
    db_.reset(db);
    for (size_t i = 0; i < names.size(); i++) families_[names[i]] = handles[i];
  }

  void close() {
    for (auto& [name, handle] : families_) must(database()->DestroyColumnFamilyHandle(handle));
    families_.clear();
    if (db_ != nullptr) must(db_->Close());
    db_.reset();
  }

  void list() {
    for (const auto& [name, handle] : families_) std::cout << "row " << hex(name) << "\n";
  }

  void create(const Words& words) {
    ColumnFamilyOptions own = defaults_;
    if (words.size() > 2) own.comparator = comparatorOf(words[2].substr(words[2].find('=') + 1));
    ColumnFamilyHandle* handle = nullptr;
    const std::string name = fromHex(words.at(1));
    must(database()->CreateColumnFamily(own, name, &handle));
    families_[name] = handle;
  }

  static bool isRead(const std::string& verb) {
    for (const char* each : {"get", "columns", "scan", "scancolumns", "reverse", "seek", "versions"})
      if (verb == each) return true;
    return false;
  }

  // The words without the timestamp behind the last one, which goes to `timestamp`.
  static Words withoutTimestamp(Words words, std::string* timestamp) {
    if (words.back()[0] != '@') return words;
    const uint64_t number = std::stoull(words.back().substr(1));
    for (int i = 0; i < 8; i++) timestamp->push_back(static_cast<char>(number >> (8 * i)));
    words.pop_back();
    return words;
  }

  void write(const Words& all) {
    std::string timestamp;
    const Words words = withoutTimestamp(all, &timestamp);
    const std::string& verb = words[0];
    ColumnFamilyHandle* handle = family(words);
    DB* db = database();
    const WriteOptions options;
    const bool stamped = !timestamp.empty();
    if (verb == "flush") return must(db->Flush(FlushOptions(), handle));
    if (verb == "compact") return compact(handle);
    if (verb == "trim") return must(db->IncreaseFullHistoryTsLow(handle, timestamp));
    const std::string key = fromHex(words.at(2));
    if (verb == "put") {
      const std::string value = fromHex(words.at(3));
      must(stamped ? db->Put(options, handle, key, timestamp, value) : db->Put(options, handle, key, value));
    } else if (verb == "delete") {
      must(stamped ? db->Delete(options, handle, key, timestamp) : db->Delete(options, handle, key));
    } else if (verb == "single") {
      must(stamped ? db->SingleDelete(options, handle, key, timestamp) : db->SingleDelete(options, handle, key));
    } else if (verb == "merge") {
      must(db->Merge(options, handle, key, fromHex(words.at(3))));
    } else if (verb == "range") {
      const std::string end = fromHex(words.at(3));
      must(stamped ? db->DeleteRange(options, handle, key, end, timestamp) : db->DeleteRange(options, handle, key, end));
    } else if (verb == "entity") {
      std::vector<std::string> parts;
      for (size_t i = 3; i < words.size(); i++) parts.push_back(fromHex(words[i]));
      WideColumns columns;
      for (size_t i = 0; i + 1 < parts.size(); i += 2) columns.emplace_back(parts[i], parts[i + 1]);
      must(db->PutEntity(options, handle, key, columns));
    } else if (verb == "batch") {
      WriteBatch batch;
      for (size_t i = 2; i + 1 < words.size(); i += 2) must(batch.Put(handle, fromHex(words[i]), fromHex(words[i + 1])));
      must(db->Write(options, &batch));
    } else {
      throw std::runtime_error("unknown command " + verb);
    }
  }

  void compact(ColumnFamilyHandle* handle) {
    CompactRangeOptions options;
    options.bottommost_level_compaction = BottommostLevelCompaction::kForce;
    must(database()->CompactRange(options, handle, nullptr, nullptr));
  }

  void read(const Words& all) {
    std::string timestamp;
    const Words words = withoutTimestamp(all, &timestamp);
    const std::string& verb = words[0];
    ColumnFamilyHandle* handle = family(words);
    const Slice at(timestamp);
    std::string everything(8, '\0');
    const Slice from(everything);
    ReadOptions options;
    if (!timestamp.empty()) options.timestamp = &at;
    if (verb == "get") return get(handle, options, fromHex(words.at(2)));
    if (verb == "columns") return getColumns(handle, options, fromHex(words.at(2)));
    const std::string newest(8, '\xff');
    const Slice last(newest);
    if (verb == "versions") {
      options.timestamp = &last;
      options.iter_start_ts = &from;
    }
    std::unique_ptr<Iterator> it(database()->NewIterator(options, handle));
    if (verb == "seek") {
      it->Seek(fromHex(words.at(2)));
      if (it->Valid()) row(it.get(), verb);
    } else if (verb == "reverse") {
      for (it->SeekToLast(); it->Valid(); it->Prev()) row(it.get(), verb);
    } else {
      for (it->SeekToFirst(); it->Valid(); it->Next()) row(it.get(), verb);
    }
    must(it->status());
  }

  // `versions` gives whole internal keys, whose last eight bytes are sequence and type.
  void row(Iterator* it, const std::string& verb) {
    std::cout << "row " << hex(it->key());
    if (verb == "scancolumns") print(it->columns());
    else std::cout << " " << hex(it->value()) << "\n";
  }

  static void print(const WideColumns& columns) {
    for (const WideColumn& column : columns) std::cout << " " << hex(column.name()) << " " << hex(column.value());
    std::cout << "\n";
  }

  void get(ColumnFamilyHandle* handle, const ReadOptions& options, const std::string& key) {
    std::string value, timestamp;
    const bool stamped = options.timestamp != nullptr;
    const Status status = stamped ? database()->Get(options, handle, key, &value, &timestamp)
                                  : database()->Get(options, handle, key, &value);
    if (status.IsNotFound()) return;
    must(status);
    std::cout << "row " << hex(value);
    if (stamped) std::cout << " " << hex(timestamp);
    std::cout << "\n";
  }

  void getColumns(ColumnFamilyHandle* handle, const ReadOptions& options, const std::string& key) {
    PinnableWideColumns columns;
    const Status status = database()->GetEntity(options, handle, key, &columns);
    if (status.IsNotFound()) return;
    must(status);
    std::cout << "row " << hex(key);
    print(columns.columns());
  }
};

}  // namespace

int main() {
  Session session;
  std::string line;
  while (std::getline(std::cin, line)) {
    std::istringstream stream(line);
    Words words;
    for (std::string word; stream >> word;) words.push_back(word);
    try {
      session.handle(words);
      std::cout << "ok" << std::endl;
    } catch (const std::exception& error) {
      std::cout << "error " << error.what() << std::endl;
    }
  }
}
