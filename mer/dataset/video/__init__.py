"""Videos, decoded by PyAV: each frame by its number and time, and what is wrong with a file.

A frame's number is its place in the order of presentation, from 0. A file is decoded from its start, since seeking
lands on another frame in many formats. In a damaged file, frame numbers are uncertain and some pictures are partly
invented by the decoder, so it is refused as a whole, with the command that makes a copy whose frames can be counted.
VP8, VP9, HEVC, FFV1 (without its checksums), Huffyuv and raw video carry little that shows damage inside a frame: there
only a sudden change of the picture or a gap in the clock can be reported, as a remark.
"""

from mer.dataset.video.index import VideoIndex, frame_times, frames_of, video_frame, video_index

__all__ = ["VideoIndex", "frame_times", "frames_of", "video_frame", "video_index"]
