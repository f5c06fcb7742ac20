// FleetXml: the XML of older set-ups, put into the TOML of a fleet file that means the same.
//
//   <clients>
//     <client ip="10.0.0.11" port="22" username="brink" key="id_ed25519" mail="ops@example.org">
//       <alert type="memory" limit="50%"/>
//     </client>
//   </clients>
//
// Each value may be an attribute or an element of its own. The other sections of a fleet file may
// stand beside the clients under their own names (<collector listen="..."/>, <smtp server="..."/>).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "vm/issue.hpp"

namespace real {

struct TranslatedFleet {
  std::string toml;        // one entry on each line
  std::vector<int> lines;  // of the XML, for each line of `toml`
};

/// Does this text mean to be XML? No TOML begins like it.
bool looks_like_xml(std::string_view text);

/// Values go over as they are: what is wrong with them is found by whoever reads the TOML. Issues
/// are about the XML itself and name it `name`.
vm::Loaded<TranslatedFleet> translate_fleet_xml(std::string_view text, std::string_view name);

}  // namespace real
