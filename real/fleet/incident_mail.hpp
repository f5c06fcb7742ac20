// The mail about an incident: what happened, since when, and the samples around it.
#pragma once

#include <string>

#include "real/fleet/mail.hpp"
#include "real/sqlite.hpp"

namespace real {

/// When it began, or (`closed`) when it has ended. Its id is the same whenever it is written.
///
///   db       an archive
///   fleet    its name, for the subject
///   from     the sender; what follows its @ names the id
///   returns  a message without recipients
///   throws   StoreError when the archive has no such incident
Letter incident_mail(sqlite3* db, std::uint64_t incident, bool closed, const std::string& fleet,
                     const std::string& from);

}  // namespace real
