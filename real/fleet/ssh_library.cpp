#include "real/fleet/ssh_library.hpp"

#include <stdexcept>
#include <string>

#include <dlfcn.h>

namespace real {
namespace {

template <class Function>
void find(void* library, const char* name, Function& function) {
  function = reinterpret_cast<Function>(dlsym(library, name));
  if (function == nullptr) throw std::runtime_error(std::string{"libssh.so.4 has no "} + name);
}

SshLibrary load() {
  void* const library = dlopen("libssh.so.4", RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    throw std::runtime_error(
        "reaching machines needs libssh, and there is no libssh.so.4: install libssh-4 (apt-get "
        "install libssh-4)");
  }
  SshLibrary ssh;
#define BRINK_SSH(name) find(library, #name, ssh.name);
  BRINK_SSH_FUNCTIONS(BRINK_SSH)
#undef BRINK_SSH
  return ssh;
}

}  // namespace

const SshLibrary& SshLibrary::get() {
  static const SshLibrary library = load();
  return library;
}

}  // namespace real
