#include "real/host.hpp"

#include <cerrno>
#include <chrono>
#include <thread>

#include <unistd.h>

#include "real/child.hpp"
#include "real/janitor.hpp"

namespace real {

std::unique_ptr<Process> Here::start(const std::vector<std::string>& words,
                                     Process::Handlers handlers) {
  return std::make_unique<Child>(io_, words, std::move(handlers));
}

void Here::note_group(const std::filesystem::path& group) {
  real::note_group(folder_, group);
}

void Here::remove_group(const std::filesystem::path& group) {
  remove_empty_group(group);
}

void Here::remove_folder(const std::filesystem::path& folder) {
  std::error_code ignored;
  std::filesystem::remove_all(folder, ignored);
}

void remove_empty_group(const std::filesystem::path& group) {
  for (int tries = 0; tries < 100; ++tries) {
    if (::rmdir(group.c_str()) == 0 || errno != EBUSY) return;
    std::this_thread::sleep_for(std::chrono::milliseconds{1});
  }
}

}  // namespace real
