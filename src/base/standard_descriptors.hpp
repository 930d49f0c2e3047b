// Standard input, output and error, also where the parent process closed them.
#pragma once

namespace vmms {

/// Where one of the three is closed, the next file that is opened would get its number, and what is meant for people
/// would be written into that file. From now on the number belongs to something that can neither be read nor written,
/// as when it is closed (EBADF). To be called first, while there is one thread.
void hold_standard_descriptors();

}  // namespace vmms
