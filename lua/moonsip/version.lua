-- SPDX-License-Identifier: MIT
-- The version of this library, as the rock says it too.

return "0.1.0"
