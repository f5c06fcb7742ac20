// Ballast: room on a disk that is kept for what a full disk must not stand in the way of.
//
// Who owns a tenant is decided elsewhere, and has to be written down here however full the disk
// is; and even to erase something takes room in the WAL first. A file of ballast_size lies beside
// the store. When the disk refuses, it is emptied, what matters is written into its room, and
// what is left of that is taken again at once, before an ordinary write finds it.
//
// All calls from one thread.
#pragma once

#include <chrono>
#include <filesystem>

#include "real/posix.hpp"
#include "vm/entities.hpp"

namespace real {

class Ballast {
 public:
  static constexpr vm::Bytes full{std::int64_t{256} << 10};

  /// Takes the room if it is there; without it, and without the file, there is just none.
  explicit Ballast(const std::filesystem::path& file);

  void let_go();
  /// As much as there is.
  void take();
  /// The same, for whoever comes often: asks the disk once a second, and only if some is missing.
  void perhaps_take();

  vm::Bytes held() const { return held_; }

 private:
  bool try_hold(vm::Bytes size);

  Descriptor file_;
  vm::Bytes held_{};
  std::chrono::steady_clock::time_point asked_{};
};

}  // namespace real
