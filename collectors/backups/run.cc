#include "collectors/backups/run.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "exporter/text.h"

namespace upkeep::backups {
namespace {

constexpr int kPatienceMilliseconds = 100;

std::unexpected<DrillProblem> cannot_run(const Error& error) {
  const bool missing = error.code == ErrorCode::kNotFound;
  return drill_fails(missing ? DrillReason::kNoPrograms : DrillReason::kOther, error.message);
}

// False: nobody reads it any more, or all is written.
bool write_some(int fd, std::string_view& text) {
  const ssize_t written = ::write(fd, text.data(), text.size());
  if (written < 0) return errno == EAGAIN || errno == EINTR;
  text.remove_prefix(static_cast<std::size_t>(written));
  return !text.empty();
}

}  // namespace

Result<int> Collected::open() {
  UPKEEP_TRY(pipe_, make_pipe(true));
  return pipe_.writer.get();
}

bool Collected::take() {
  std::array<char, 65536> block;  // NOLINT(*-member-init): what is read is used
  while (pipe_.reader.is_open()) {
    const ssize_t got = ::read(pipe_.reader.get(), block.data(), block.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) return true;
    if (got <= 0) pipe_.reader.close();
    if (got > 0 && text_.size() < max_bytes_)
      text_.append(block.data(), std::min(static_cast<std::size_t>(got), max_bytes_ - text_.size()));
  }
  return false;
}

Drilled<Output> run(Command command, std::string_view input, Guard& guard) {
  constexpr std::size_t kOutBytes = std::size_t{16} << 20, kErrBytes = std::size_t{64} << 10;
  Collected out(kOutBytes), err(kErrBytes);
  auto in = make_pipe(false);
  const auto out_end = out.open(), err_end = err.open();
  if (!in || !out_end || !err_end) return drill_fails(DrillReason::kOther, "no pipes are to be had");
  command.in = in->reader.get();
  command.out = *out_end;
  command.err = *err_end;
  auto process = Process::start(command);
  if (!process) return cannot_run(process.error());
  in->reader.close();
  out.begun();
  err.begun();
  if (input.empty()) in->writer.close();
  for (;;) {
    if (auto checked = guard.check(); !checked) return std::unexpected(checked.error());
    std::array<pollfd, 3> waits = {pollfd{out.descriptor(), POLLIN, 0}, pollfd{err.descriptor(), POLLIN, 0},
                                   pollfd{in->writer.get(), POLLOUT, 0}};  // poll passes over -1
    const bool ends = out.descriptor() < 0 && err.descriptor() < 0;
    ::poll(waits.data(), waits.size(), ends ? 5 : kPatienceMilliseconds);
    if (waits[2].revents != 0 && !write_some(in->writer.get(), input)) in->writer.close();
    out.take();
    err.take();
    const auto status = process->ended();
    if (!status) continue;
    out.take();
    err.take();
    return Output{.status = *status, .out = out.text(), .err = err.text()};
  }
}

std::string complaint(std::string_view err) {
  std::string_view best, last;
  for (std::string_view line : Lines(err)) {
    line = trim(line);
    if (line.empty()) continue;
    last = line;
    const bool is_error = line.find("ERROR:") != std::string_view::npos ||
                          line.find("FATAL:") != std::string_view::npos ||
                          line.find("error:") != std::string_view::npos;
    if (is_error && best.empty()) best = line;
  }
  if (best.empty()) best = last;
  // "psql:<stdin>:12: ERROR:  relation ..." says where; "pg_restore: error: could not ..." begins with its name.
  for (std::string_view begin : {"pg_restore: error: ", "psql: error: ", "initdb: error: "}) {
    if (best.starts_with(begin)) best.remove_prefix(begin.size());
  }
  constexpr std::size_t kBytes = 500;
  return std::string(best.substr(0, kBytes));
}

}  // namespace upkeep::backups
