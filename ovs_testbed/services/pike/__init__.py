# SPDX-License-Identifier: Apache-2.0

"""The services of Pike, as far as they run otherwise than today's."""
