"""Time series: from a long table to features, windows and aligned signals."""

from adapt.series._as_series import as_series
from adapt.series._channel_scaler import ChannelScaler
from adapt.series._channel_signs import ChannelSigns
from adapt.series._cut_windows import Windows, cut_windows
from adapt.series._euclidean_alignment import EuclideanAlignment
from adapt.series._features import SeriesFeatures
from adapt.series._series_set import SeriesSet

__all__ = [
    "ChannelScaler",
    "ChannelSigns",
    "EuclideanAlignment",
    "SeriesFeatures",
    "SeriesSet",
    "Windows",
    "as_series",
    "cut_windows",
]
