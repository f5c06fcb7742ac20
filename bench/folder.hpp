// Folder: where a benchmark keeps what it writes. It goes with the benchmark, however that ends:
// one that is killed would leave gigabytes behind.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "real/janitor.hpp"
#include "real/posix.hpp"

namespace bench {

class Folder {
 public:
  /// Makes it in the system's temporary folder. Before any thread is started: it forks. Throws
  /// std::system_error.
  Folder() {
    std::string name = std::filesystem::temp_directory_path() / "brink-bench-XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) throw real::refused_by_system(name);
    path_ = name;
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) throw real::refused_by_system(name);
    const real::Descriptor read{ends[0]};
    ours_ = real::Descriptor{ends[1]};
    janitor_ = ::fork();
    if (janitor_ < 0) throw real::refused_by_system(name);
    if (janitor_ > 0) return;
    ::dup2(read.get(), STDIN_FILENO);
    ::close_range(STDERR_FILENO + 1, ~0u, 0);  // whoever waits for the end of anything else
    ::_exit(real::clean_up_after(path_) ? 0 : 1);
  }
  ~Folder() {
    ours_.close();
    ::waitpid(janitor_, nullptr, 0);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
  real::Descriptor ours_;  // the janitor waits for its end
  pid_t janitor_ = -1;
};

}  // namespace bench
