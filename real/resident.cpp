#include "real/resident.hpp"

#include <cstddef>
#include <cstdint>

#include <link.h>
#include <sys/mman.h>
#include <unistd.h>

namespace real {
namespace {

/// Only what is never written: such pages are the file's, and come back as they were.
int forget_object(dl_phdr_info* object, std::size_t, void*) {
  const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  for (int i = 0; i < object->dlpi_phnum; ++i) {
    const auto& segment = object->dlpi_phdr[i];
    if (segment.p_type != PT_LOAD || (segment.p_flags & PF_W) != 0) continue;
    const std::uintptr_t begin = (object->dlpi_addr + segment.p_vaddr) & ~(page - 1);
    const std::uintptr_t end = object->dlpi_addr + segment.p_vaddr + segment.p_memsz;
    void* const pages = reinterpret_cast<void*>(begin);
    ::madvise(pages, end - begin, MADV_DONTNEED);
  }
  return 0;  // and so with each library
}

}  // namespace

void forget_start() {
  ::dl_iterate_phdr(forget_object, nullptr);
}

}  // namespace real
