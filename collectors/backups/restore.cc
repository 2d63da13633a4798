#include "collectors/backups/restore.h"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

namespace upkeep::backups {
namespace {

constexpr int kPatienceMilliseconds = 100;
constexpr std::size_t kErrBytes = std::size_t{64} << 10;

class PlainText final : public SqlText {
 public:
  explicit PlainText(std::unique_ptr<Source> source) : source_(std::move(source)) {}
  Drilled<std::string_view> next() override {
    auto text = source_->next();
    has_ended_ = !text || text->empty();
    return text;
  }
  [[nodiscard]] bool has_ended() const override { return has_ended_; }

 private:
  const std::unique_ptr<Source> source_;
  bool has_ended_ = false;
};

// pg_restore, with an archive to read.
class ArchiveText final : public SqlText {
 public:
  explicit ArchiveText(std::unique_ptr<Source> source) : source_(std::move(source)), err_(kErrBytes) {}

  Drilled<> start(Command command) {
    auto in = make_pipe(false);
    auto out = make_pipe(true);
    const auto err_end = err_.open();
    if (!in || !out || !err_end) return drill_fails(DrillReason::kOther, "no pipes are to be had");
    command.in = source_ ? in->reader.get() : -1;
    command.out = out->writer.get();
    command.err = *err_end;
    auto process = Process::start(command);
    if (!process) return drill_fails(DrillReason::kNoPrograms, process.error().message);
    process_.emplace(*std::move(process));
    err_.begun();
    out_ = std::move(out->reader);
    if (source_) in_ = std::move(in->writer);
    return {};
  }

  Drilled<std::string_view> next() override {
    if (auto fed = feed(); !fed) return std::unexpected(fed.error());
    std::array<pollfd, 3> waits = {pollfd{out_.get(), POLLIN, 0}, pollfd{err_.descriptor(), POLLIN, 0},
                                   pollfd{in_.get(), POLLOUT, 0}};
    ::poll(waits.data(), waits.size(), out_.is_open() ? kPatienceMilliseconds : 5);
    err_.take();
    if (out_.is_open()) {
      const ssize_t got = ::read(out_.get(), block_.data(), block_.size());
      if (got > 0) return std::string_view(block_.data(), static_cast<std::size_t>(got));
      if (got == 0) out_.close();
      return "";
    }
    in_.close();  // what it did not read it did not need, if it ends well
    const auto status = process_->ended();
    if (!status) return "";
    err_.take();
    has_ended_ = true;
    if (*status == 0) return "";
    const bool is_newer = err_.text().find("unsupported version") != std::string::npos;
    return drill_fails(is_newer ? DrillReason::kVersion : DrillReason::kRestore,
                       fmt::format("pg_restore: {} ({})", complaint(err_.text()), describe_status(*status)));
  }
  [[nodiscard]] bool has_ended() const override { return has_ended_; }

 private:
  // Hands on of the source as much as is taken.
  Drilled<> feed() {
    while (in_.is_open()) {
      if (pending_.empty()) {
        const auto more = source_->next();
        if (!more) return std::unexpected(more.error());
        pending_ = *more;
        if (pending_.empty()) in_.close();
        continue;
      }
      const ssize_t written = ::write(in_.get(), pending_.data(), pending_.size());
      if (written < 0 && errno == EAGAIN) return {};
      if (written < 0 && errno != EINTR) in_.close();
      if (written > 0) pending_.remove_prefix(static_cast<std::size_t>(written));
    }
    return {};
  }

  const std::unique_ptr<Source> source_;
  std::optional<Process> process_;
  Collected err_;
  Handle in_, out_;
  std::string_view pending_;  // of the source
  std::array<char, 65536> block_{};
  bool has_ended_ = false;
};

// psql, with SQL to obey.
class Psql {
 public:
  explicit Psql(Guard& guard) : guard_(guard), err_(kErrBytes) {}

  Drilled<> start(Command command) {
    auto in = make_pipe(false);
    const auto err_end = err_.open();
    if (!in || !err_end) return drill_fails(DrillReason::kOther, "no pipes are to be had");
    command.in = in->reader.get();
    command.err = *err_end;
    auto process = Process::start(command);
    if (!process) return drill_fails(DrillReason::kNoPrograms, process.error().message);
    process_.emplace(*std::move(process));
    err_.begun();
    in_ = std::move(in->writer);
    return {};
  }

  // Until it has taken all. kRestore: it stopped.
  Drilled<> feed(std::string_view text) {
    while (!text.empty()) {
      if (auto checked = guard_.check(); !checked) return checked;
      std::array<pollfd, 2> waits = {pollfd{in_.get(), POLLOUT, 0}, pollfd{err_.descriptor(), POLLIN, 0}};
      ::poll(waits.data(), waits.size(), kPatienceMilliseconds);
      err_.take();
      const ssize_t written = ::write(in_.get(), text.data(), text.size());
      if (written > 0) text.remove_prefix(static_cast<std::size_t>(written));
      if (written < 0 && errno != EAGAIN && errno != EINTR) return finish();
    }
    return {};
  }

  Drilled<> finish() {
    in_.close();
    while (!process_->ended()) {
      if (auto checked = guard_.check(); !checked) return checked;
      pollfd wait{err_.descriptor(), POLLIN, 0};
      ::poll(&wait, 1, err_.descriptor() < 0 ? 5 : kPatienceMilliseconds);
      err_.take();
    }
    err_.take();
    if (*process_->ended() == 0) return {};
    return drill_fails(DrillReason::kRestore,
                       fmt::format("psql: {} ({})", complaint(err_.text()), describe_status(*process_->ended())));
  }

  // Whether it gave up before it had all.
  bool has_stopped() { return process_->ended().has_value(); }

 private:
  Guard& guard_;
  std::optional<Process> process_;
  Collected err_;
  Handle in_;
};

}  // namespace

std::unique_ptr<SqlText> read_plain(std::unique_ptr<Source> source) {
  return std::make_unique<PlainText>(std::move(source));
}

Drilled<std::unique_ptr<SqlText>> read_archive(std::unique_ptr<Source> source, Command pg_restore) {
  auto text = std::make_unique<ArchiveText>(std::move(source));
  if (auto started = text->start(std::move(pg_restore)); !started) return std::unexpected(started.error());
  return text;
}

Drilled<std::uint64_t> restore(std::string_view begin, SqlText& text, Command psql_command, SqlFilter::Rules rules,
                               Guard& guard) {
  Psql psql(guard);
  if (auto started = psql.start(std::move(psql_command)); !started) return std::unexpected(started.error());
  SqlFilter filter(std::move(rules));
  std::string out;
  const auto pass_on = [&](std::string_view sql) -> Drilled<> {
    out.clear();
    if (auto passed = filter.feed(sql, out); !passed) return passed;
    return psql.feed(out);
  };
  if (auto passed = pass_on(begin); !passed) return std::unexpected(passed.error());
  while (!text.has_ended()) {
    if (auto checked = guard.check(); !checked) return std::unexpected(checked.error());
    const auto more = text.next();
    if (!more) return std::unexpected(more.error());
    if (auto passed = pass_on(*more); !passed) return std::unexpected(passed.error());
    if (psql.has_stopped()) break;
  }
  const bool is_early = psql.has_stopped();
  out.clear();
  if (!is_early) {
    if (auto finished = filter.finish(out); !finished) return std::unexpected(finished.error());
    if (auto fed = psql.feed(out); !fed) return std::unexpected(fed.error());
  }
  if (auto finished = psql.finish(); !finished) return std::unexpected(finished.error());
  if (is_early) return drill_fails(DrillReason::kRestore, "psql ended before the dump did");
  return filter.copied_rows();
}

}  // namespace upkeep::backups
