// Asio's own code, compiled here once (BOOST_ASIO_SEPARATE_COMPILATION) and nowhere else.
#include <boost/asio/impl/src.hpp>
