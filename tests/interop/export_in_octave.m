% Loads an exported HDF5 file with GNU Octave and checks that every number and every axis is there.
%
%   octave-cli --no-gui export_in_octave.m features.h5
%
% Octave and MATLAB store columns first, so the axes are reversed: prints are [dimension, row].
path = argv(){end};
file = load("-hdf5", path);
prints = file.prints;
[dim, rows] = size(prints);
lengths = sqrt(sum(double(prints) .^ 2, 1));
assert(all(abs(lengths - 1) < 1e-4), "prints must have unit length");
assert(numel(file.meta.start_second), rows);
assert(numel(file.meta.fold), rows);
assert(size(file.epochs)(3), rows);
assert(size(file.band_powers, 2), rows);
printf("Octave %s: %d prints of %d numbers, epochs of %d channels\n", version(), rows, dim, size(file.epochs)(2));
