# SPDX-License-Identifier: Apache-2.0

"""The services of Newton, as far as they run otherwise than Pike's."""
