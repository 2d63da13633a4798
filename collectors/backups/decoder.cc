#include "collectors/backups/decoder.h"

#include <dlfcn.h>

namespace upkeep::backups {
namespace {

constexpr const char* kModule = "libupkeep_archives.so";  // beside the program, or in lib/upkeep of its prefix

struct Module {
  decltype(upkeep_archives_make_decoder)* make_decoder = nullptr;
  decltype(upkeep_archives_make_digest)* make_digest = nullptr;
  std::string why_not;  // empty: it is there
};

template <class Function>
void find(void* module, const char* name, Function*& function) {
  function = reinterpret_cast<Function*>(module == nullptr ? nullptr : ::dlsym(module, name));
}

// Loaded once, never unloaded.
const Module& module() {
  static const Module kLoaded = [] {
    Module loaded;
    void* const handle = ::dlopen(kModule, RTLD_NOW | RTLD_LOCAL);
    find(handle, "upkeep_archives_make_decoder", loaded.make_decoder);
    find(handle, "upkeep_archives_make_digest", loaded.make_digest);
    if (loaded.make_decoder == nullptr || loaded.make_digest == nullptr) {
      const char* const why = ::dlerror();
      loaded.why_not = std::string("cannot load the module that decompresses: ") + (why == nullptr ? kModule : why);
    }
    return loaded;
  }();
  return kLoaded;
}

template <class T>
Checked<std::unique_ptr<T>> sound(T* made) {
  if (made == nullptr) return found(Reason::kUnreadable, "a library cannot begin: out of memory");
  return std::unique_ptr<T>(made);
}

}  // namespace

std::string_view to_string(Reason reason) {
  switch (reason) {
    case Reason::kNone:
      return "";
    case Reason::kEmpty:
      return "empty";
    case Reason::kTruncated:
      return "truncated";
    case Reason::kCorrupt:
      return "corrupt";
    case Reason::kIncomplete:
      return "incomplete";
    case Reason::kChecksum:
      return "checksum";
    case Reason::kTooLarge:
      return "too_large";
    case Reason::kChanged:
      return "changed";
    case Reason::kUnreadable:
      return "unreadable";
    case Reason::kUnknownFormat:
      return "unknown_format";
    case Reason::kStopped:
      break;
  }
  return "stopped";
}

Compression compression_of(std::string_view first_bytes) {
  using std::string_view_literals::operator""sv;
  struct Magic {
    std::string_view bytes;
    Compression compression;
  };
  constexpr Magic kMagic[] = {
      {"\x1f\x8b\x08"sv, Compression::kGzip},
      {"\x28\xb5\x2f\xfd"sv, Compression::kZstd},
      {"\xfd\x37zXZ\0"sv, Compression::kXz},
      {"\x04\x22\x4d\x18"sv, Compression::kLz4},
  };
  for (const Magic& magic : kMagic) {
    if (first_bytes.starts_with(magic.bytes)) return magic.compression;
  }
  // pzstd begins with a frame to be skipped over; lz4 may too, but does not.
  const bool skippable = first_bytes.size() >= 4 && first_bytes[0] >= 0x50 && first_bytes[0] <= 0x5f &&
                         first_bytes.substr(1, 3) == "\x2a\x4d\x18";
  return skippable ? Compression::kZstd : Compression::kNone;
}

std::string_view to_string(Compression compression) {
  constexpr std::string_view kNames[] = {"", "gzip", "zlib", "zstd", "xz", "lz4"};
  return kNames[static_cast<std::size_t>(compression)];
}

Checked<std::unique_ptr<Decoder>> make_decoder(Compression compression) {
  if (!module().why_not.empty()) return found(Reason::kUnreadable, module().why_not);
  return sound(module().make_decoder(compression));
}

Checked<std::unique_ptr<Digest>> make_digest(Algorithm algorithm) {
  if (!module().why_not.empty()) return found(Reason::kUnreadable, module().why_not);
  return sound(module().make_digest(algorithm));
}

}  // namespace upkeep::backups
