// Posix: a file descriptor that closes itself, and the errors of system calls with a name in them.
#pragma once

#include <cerrno>
#include <string>
#include <system_error>
#include <utility>

#include <unistd.h>

namespace real {

class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int descriptor) : descriptor_(descriptor) {}
  Descriptor(Descriptor&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }
  ~Descriptor() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }

  explicit operator bool() const { return descriptor_ >= 0; }
  int get() const { return descriptor_; }
  void close() { *this = Descriptor{}; }

 private:
  int descriptor_ = -1;
};

/// What errno says, with `name` in front of it: "agent.key: Permission denied".
inline std::system_error refused_by_system(const std::string& name) {
  return {errno, std::generic_category(), name};
}

}  // namespace real
