// SshLibrary: libssh, found when a machine is to be reached and not before.
//
// Brink is one program that needs nothing installed where it runs. libssh would bring a dozen
// libraries with it, and most uses of Brink reach no machine. So the library is opened by name when
// somebody wants a connection; where it is not there, that is one message with what to install.
#pragma once

#include <libssh/callbacks.h>
#include <libssh/libssh.h>
#include <libssh/sftp.h>

namespace real {

#define BRINK_SSH_FUNCTIONS(X)            \
  X(ssh_new)                              \
  X(ssh_free)                             \
  X(ssh_options_set)                      \
  X(ssh_connect)                          \
  X(ssh_disconnect)                       \
  X(ssh_is_connected)                     \
  X(ssh_get_error)                        \
  X(ssh_get_fd)                           \
  X(ssh_get_poll_flags)                   \
  X(ssh_set_blocking)                     \
  X(ssh_get_server_publickey)             \
  X(ssh_get_publickey_hash)               \
  X(ssh_get_fingerprint_hash)             \
  X(ssh_clean_pubkey_hash)                \
  X(ssh_session_is_known_server)          \
  X(ssh_session_export_known_hosts_entry) \
  X(ssh_known_hosts_parse_line)           \
  X(ssh_knownhosts_entry_free)            \
  X(ssh_key_cmp)                          \
  X(ssh_key_free)                         \
  X(ssh_pki_import_privkey_base64)        \
  X(ssh_userauth_publickey)               \
  X(ssh_userauth_password)                \
  X(ssh_string_free_char)                 \
  X(ssh_channel_new)                      \
  X(ssh_channel_free)                     \
  X(ssh_channel_open_session)             \
  X(ssh_channel_request_exec)             \
  X(ssh_channel_read_nonblocking)         \
  X(ssh_channel_write)                    \
  X(ssh_channel_window_size)              \
  X(ssh_channel_send_eof)                 \
  X(ssh_channel_is_closed)                \
  X(ssh_channel_get_exit_status)          \
  X(ssh_set_channel_callbacks)            \
  X(ssh_event_new)                        \
  X(ssh_event_free)                       \
  X(ssh_event_add_session)                \
  X(ssh_event_remove_session)             \
  X(ssh_event_dopoll)                     \
  X(sftp_new)                             \
  X(sftp_init)                            \
  X(sftp_free)                            \
  X(sftp_get_error)                       \
  X(sftp_extension_supported)             \
  X(sftp_open)                            \
  X(sftp_close)                           \
  X(sftp_write)                           \
  X(sftp_fsync)                           \
  X(sftp_chmod)                           \
  X(sftp_lstat)                           \
  X(sftp_attributes_free)                 \
  X(sftp_mkdir)                           \
  X(sftp_unlink)                          \
  X(sftp_statvfs)                         \
  X(sftp_statvfs_free)

/// libssh's functions that we call, under their own names.
struct SshLibrary {
#define BRINK_SSH(name) decltype(&::name) name = nullptr;
  BRINK_SSH_FUNCTIONS(BRINK_SSH)
#undef BRINK_SSH

  /// The functions of libssh.so.4, which stays loaded. Throws std::runtime_error with what to
  /// install where there is none.
  static const SshLibrary& get();
};

}  // namespace real
