// What memory is used for. https://docs.kernel.org/filesystems/proc.html ("meminfo")
//   MemTotal:       24684084 kB
//   Active(anon):       1568 kB
//   HugePages_Total:       0
#include <fmt/format.h>

#include "collectors/all.h"
#include "collectors/host/field_cache.h"
#include "exporter/filesystem.h"
#include "exporter/table.h"

namespace upkeep {

namespace {

constexpr std::string_view kPrefix = "node_memory_";
constexpr std::array kKnown = {
    gauge("node_memory_MemTotal_bytes", "Memory the kernel manages."),
    gauge("node_memory_MemFree_bytes", "Memory used for nothing at all."),
    gauge("node_memory_MemAvailable_bytes", "Memory that new programs could get without swapping, by estimate."),
    gauge("node_memory_Buffers_bytes", "Cache of raw disk blocks."),
    gauge("node_memory_Cached_bytes", "Cache of files, and shared memory."),
    gauge("node_memory_SwapCached_bytes", "Memory that has a copy in swap as well."),
    gauge("node_memory_Active_bytes", "Memory used lately, and so reclaimed last."),
    gauge("node_memory_Inactive_bytes", "Memory not used lately, and so reclaimed first."),
    gauge("node_memory_Active_anon_bytes", "Memory of programs used lately."),
    gauge("node_memory_Inactive_anon_bytes", "Memory of programs not used lately."),
    gauge("node_memory_Active_file_bytes", "Cache of files used lately."),
    gauge("node_memory_Inactive_file_bytes", "Cache of files not used lately."),
    gauge("node_memory_Unevictable_bytes", "Memory that cannot be reclaimed."),
    gauge("node_memory_Mlocked_bytes", "Memory that programs locked."),
    gauge("node_memory_SwapTotal_bytes", "Size of the swap space."),
    gauge("node_memory_SwapFree_bytes", "Swap space that is free."),
    gauge("node_memory_Zswap_bytes", "Memory that compressed swap takes."),
    gauge("node_memory_Zswapped_bytes", "Memory put out to compressed swap, before compression."),
    gauge("node_memory_Dirty_bytes", "Memory that waits to be written to disk."),
    gauge("node_memory_Writeback_bytes", "Memory being written to disk."),
    gauge("node_memory_AnonPages_bytes", "Memory of programs that no file backs."),
    gauge("node_memory_Mapped_bytes", "Files mapped into programs."),
    gauge("node_memory_Shmem_bytes", "Shared memory and tmpfs."),
    gauge("node_memory_Slab_bytes", "The kernel's own small objects."),
    gauge("node_memory_SReclaimable_bytes", "Part of Slab that can be reclaimed, such as caches of names."),
    gauge("node_memory_SUnreclaim_bytes", "Part of Slab that cannot be reclaimed."),
    gauge("node_memory_KernelStack_bytes", "Stacks of threads in the kernel."),
    gauge("node_memory_PageTables_bytes", "Page tables of programs."),
    gauge("node_memory_NFS_Unstable_bytes", "Sent to NFS servers and not yet stored there; zero since Linux 5.8."),
    gauge("node_memory_WritebackTmp_bytes", "Buffers of FUSE for writing."),
    gauge("node_memory_CommitLimit_bytes", "Memory that may be promised where overcommitting is forbidden."),
    gauge("node_memory_Committed_AS_bytes", "Memory promised to programs."),
    gauge("node_memory_VmallocTotal_bytes", "Address space for vmalloc."),
    gauge("node_memory_VmallocUsed_bytes", "Memory allocated by vmalloc."),
    gauge("node_memory_VmallocChunk_bytes", "Largest free piece of the vmalloc space; zero since Linux 4.4."),
    gauge("node_memory_Percpu_bytes", "Memory allocated for each CPU of its own."),
    gauge("node_memory_HardwareCorrupted_bytes", "Memory the kernel took out of use as faulty."),
    gauge("node_memory_AnonHugePages_bytes", "Memory of programs in transparent huge pages."),
    gauge("node_memory_ShmemHugePages_bytes", "Shared memory in huge pages."),
    gauge("node_memory_ShmemPmdMapped_bytes", "Shared memory mapped as huge pages."),
    gauge("node_memory_HugePages_Total", "Reserved huge pages."),
    gauge("node_memory_HugePages_Free", "Reserved huge pages that are free."),
    gauge("node_memory_HugePages_Rsvd", "Free huge pages already promised."),
    gauge("node_memory_HugePages_Surp", "Huge pages above the reserved number."),
    gauge("node_memory_Hugepagesize_bytes", "Size of a default huge page."),
    gauge("node_memory_DirectMap4k_bytes", "Memory the kernel maps in pages of 4 KiB."),
    gauge("node_memory_DirectMap2M_bytes", "Memory the kernel maps in pages of 2 MiB."),
    gauge("node_memory_DirectMap1G_bytes", "Memory the kernel maps in pages of 1 GiB."),
};
constexpr auto kMetrics = addresses(kKnown);

// "Active(anon)" in kB becomes node_memory_Active_anon_bytes.
std::string family_name(std::string_view key, bool has_unit) {
  std::string name(kPrefix);
  for (const char c : key) {
    if (c == ')') continue;
    name += c == '(' ? '_' : c;
  }
  if (has_unit) name += "_bytes";
  return name;
}

class Meminfo final : public Collector {
 public:
  explicit Meminfo(const Environment& environment) : file_(environment.fs.open(kPath, FileKind::kTable)) {}

  Result<> collect(const Run&, SampleSink& out) override {
    UPKEEP_TRY(const std::string_view text, file_->read());
    if (text.empty()) return fail(ErrorCode::kParse, "proc/meminfo: empty");
    std::size_t position = 0;
    return each_line(kPath, text, [&](std::string_view line) { return add_line(position++, line, out); });
  }

 private:
  static constexpr std::string_view kPath = "proc/meminfo";

  Result<> add_line(std::size_t position, std::string_view line, SampleSink& out) {
    constexpr std::string_view kUnit = " kB";
    const bool has_unit = line.ends_with(kUnit);
    const auto find = [&](std::string_view key) { return find_family(key, has_unit); };
    UPKEEP_TRY(const Field* const field, fields_.at(position, line, find));
    if (has_unit) line.remove_suffix(kUnit.size());
    Words words(line.substr(field->name.size()));
    const auto value = words.next_u64();
    if (!value || !words.rest().empty()) return fail(ErrorCode::kParse, "a number, in kB or without unit, expected");
    out.add(*field->family, static_cast<double>(*value) * (has_unit ? 1024 : 1));
    return {};
  }

  Result<const MetricDesc*> find_family(std::string_view key, bool has_unit) {
    const std::string name = family_name(key, has_unit);
    for (const MetricDesc& family : kKnown)
      if (family.name == name) return &family;
    return others_.get(name, MetricType::kGauge, fmt::format("Field {} of /proc/meminfo.", key));
  }

  std::unique_ptr<File> file_;
  FieldCache fields_{':'};
  RuntimeFamilies others_;
};

Result<std::unique_ptr<Collector>> make(ConfigReader&, const Environment& environment) {
  return std::make_unique<Meminfo>(environment);
}

}  // namespace

const CollectorType meminfo_collector = {
    .name = "meminfo",
    .section = "host",
    .help = "What memory is used for.",
    .metrics = kMetrics,
    .open_prefixes = {kPrefix},
    .make = make,
    .node_exporter = true,
};

}  // namespace upkeep
