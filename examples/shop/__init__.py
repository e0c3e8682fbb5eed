# SPDX-License-Identifier: Apache-2.0
"""The sample service: a shop that takes orders over HTTP.  See ../leaky_service.py."""
