// Files and folders there, through SFTP.
#include <algorithm>
#include <array>
#include <functional>
#include <span>

#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>

#include "real/fleet/fleet_names.hpp"
#include "real/fleet/shell_word.hpp"
#include "real/fleet/ssh_connection.hpp"
#include "sim/check.hpp"

namespace real {
namespace {

// The most that every SFTP server has to take at once (draft-ietf-secsh-filexfer-02, section 3) is
// 34,000 bytes with its frame; each piece costs the way there and back.
constexpr std::size_t piece_size = 32 << 10;

std::string hexadecimal(const unsigned char* bytes, std::size_t size) {
  std::string text(size * 2 + 1, '\0');
  sodium_bin2hex(text.data(), text.size(), bytes, size);
  text.pop_back();
  return text;
}

/// Fills in the chunk; how much, 0 at the end.
using Source = std::function<std::size_t(std::span<char>)>;

class Sending {
 public:
  Sending(SshConnection& connection, const std::string& remote)
      : connection_(connection),
        ssh_(connection.library()),
        sftp_(connection.sftp()),
        remote_(remote),
        part_(remote + ".part") {}

  /// Everything of `source` into the .part file; its digest.
  std::string fill(const Source& source, unsigned mode) {
    connection_.expect_answer();
    (void)ssh_.sftp_unlink(sftp_, part_.c_str());  // of an upload that was cut
    // O_EXCL: never through a link that somebody has put there.
    std::unique_ptr<sftp_file_struct, decltype(&::sftp_close)> file{
        ssh_.sftp_open(sftp_, part_.c_str(), O_WRONLY | O_CREAT | O_EXCL, 0600), ssh_.sftp_close};
    if (!file) throw refused("create", part_);
    crypto_hash_sha256_state digest;
    crypto_hash_sha256_init(&digest);
    std::array<char, piece_size> piece;
    while (const std::size_t size = source(piece)) {
      connection_.expect_answer();
      crypto_hash_sha256_update(&digest, reinterpret_cast<const unsigned char*>(piece.data()),
                                size);
      if (ssh_.sftp_write(file.get(), piece.data(), size) != static_cast<ssize_t>(size)) {
        throw refused("write", part_);
      }
    }
    connection_.expect_answer();
    if (ssh_.sftp_extension_supported(sftp_, "fsync@openssh.com", "1") != 0 &&
        ssh_.sftp_fsync(file.get()) != SSH_OK) {
      throw refused("write", part_);
    }
    if (ssh_.sftp_close(file.release()) != SSH_OK) throw refused("write", part_);
    if (ssh_.sftp_chmod(sftp_, part_.c_str(), mode) != SSH_OK) throw refused("write", part_);
    std::array<unsigned char, crypto_hash_sha256_BYTES> hash;
    crypto_hash_sha256_final(&digest, hash.data());
    connection_.expect_nothing();
    return hexadecimal(hash.data(), hash.size());
  }

  /// Best effort: nothing of a failed upload stays.
  void give_up() {
    if (ssh_.ssh_is_connected(connection_.session()) == 0) return;
    connection_.expect_answer();
    (void)ssh_.sftp_unlink(sftp_, part_.c_str());
    connection_.expect_nothing();
  }

  const std::string& part() const { return part_; }

 private:
  SshError refused(const std::string& what, const std::string& name) {
    const std::string why = reason(ssh_.sftp_get_error(sftp_));
    return connection_.failed_file("cannot " + what + ' ' + name, why);
  }

  /// SFTP has one word for a full disk and most else, so we ask.
  std::string reason(int error) {
    switch (error) {
      case SSH_FX_PERMISSION_DENIED:
        return "permission denied";
      case SSH_FX_NO_SUCH_FILE:
      case SSH_FX_NO_SUCH_PATH:
        return "no such folder";
      case SSH_FX_FAILURE:
        break;
      default:
        return {};
    }
    const std::size_t slash = remote_.rfind('/');
    const std::string folder = slash == std::string::npos ? "." : remote_.substr(0, slash);
    const std::unique_ptr<sftp_statvfs_struct, decltype(&::sftp_statvfs_free)> room{
        ssh_.sftp_statvfs(sftp_, folder.c_str()), ssh_.sftp_statvfs_free};
    const bool is_full =
        room && (room->f_bavail * room->f_frsize < piece_size || room->f_favail == 0);
    return is_full ? "its disk is full" : "refused";
  }

  SshConnection& connection_;
  const SshLibrary& ssh_;
  sftp_session sftp_;
  std::string remote_, part_;
};

/// Sends, compares, and only then gives the file its name.
std::string send(Ssh& ssh, SshConnection& connection, const std::string& remote,
                 const Source& source, unsigned mode) {
  SIM_CHECK(is_folder_below(remote));
  Sending sending{connection, remote};
  try {
    const std::string digest = sending.fill(source, mode);
    const std::string there = ssh.run_well("sha256sum -- " + shell_word("./" + sending.part()));
    // It begins with a backslash where the name has one.
    if (there.substr(there.starts_with('\\') ? 1 : 0, digest.size()) != digest) {
      throw connection.wrong(sending.part() + " is not what was sent: " + one_line(there));
    }
    // A directory by that name would take the file into itself.
    ssh.run_well("test ! -d " + shell_word("./" + remote) + " && mv -f -- " +
                 shell_word("./" + sending.part()) + ' ' + shell_word("./" + remote));
    return digest;
  } catch (const std::runtime_error&) {
    sending.give_up();
    throw;
  }
}

}  // namespace

SshError SshConnection::failed_file(const std::string& what, const std::string& why) const {
  return why.empty() || alarm_.has_rung() ? failed(what) : wrong(what + ": " + why);
}

sftp_session SshConnection::sftp() {
  if (sftp_) return sftp_.get();
  expect_answer();
  sftp_.reset(library_.sftp_new(session()));
  if (!sftp_ || library_.sftp_init(sftp_.get()) != SSH_OK) {
    sftp_.reset();
    throw failed("cannot begin with SFTP");
  }
  expect_nothing();
  return sftp_.get();
}

void Ssh::make_folder(const std::string& remote) {
  SIM_CHECK(is_folder_below(remote));
  const SshLibrary& library = connection_->library();
  const sftp_session sftp = connection_->sftp();
  connection_->expect_answer();
  const auto look = [&](const std::string& path) {
    return std::unique_ptr<sftp_attributes_struct, decltype(&::sftp_attributes_free)>{
        library.sftp_lstat(sftp, path.c_str()), library.sftp_attributes_free};
  };
  const auto home = look(".");
  if (!home) throw connection_->failed("cannot look at the home of its user");
  for (std::size_t slash = 0; slash != std::string::npos;) {
    slash = remote.find('/', slash + 1);
    const std::string part = remote.substr(0, slash);
    (void)library.sftp_mkdir(sftp, part.c_str(), 0700);
    const auto found = look(part);
    if (!found) throw connection_->failed_file("cannot make the folder " + part, "refused");
    if (!S_ISDIR(found->permissions)) throw connection_->wrong(part + " is no folder");
    if (found->uid != home->uid) throw connection_->wrong(part + " belongs to somebody else");
    if ((found->permissions & 022) != 0) throw connection_->wrong("others may write to " + part);
  }
  if (library.sftp_chmod(sftp, remote.c_str(), 0700) != SSH_OK) {
    throw connection_->failed_file("cannot make " + remote + " private", "refused");
  }
  connection_->expect_nothing();
}

std::string Ssh::upload(const std::filesystem::path& local, const std::string& remote,
                        unsigned mode) {
  const Descriptor file{::open(local.c_str(), O_RDONLY | O_CLOEXEC)};
  if (!file) throw refused_by_system(local);
  const Source source = [&](std::span<char> piece) {
    while (true) {
      const ssize_t got = ::read(file.get(), piece.data(), piece.size());
      if (got >= 0) return static_cast<std::size_t>(got);
      if (errno != EINTR) throw refused_by_system(local);
    }
  };
  return send(*this, *connection_, remote, source, mode);
}

std::string Ssh::write(const std::string& remote, std::string_view bytes, unsigned mode) {
  const Source source = [&](std::span<char> piece) {
    const std::size_t size = bytes.copy(piece.data(), piece.size());
    bytes.remove_prefix(size);
    return size;
  };
  return send(*this, *connection_, remote, source, mode);
}

}  // namespace real
