(* continual_learning/MT-2: Average accuracy is what was learned plus what came of it. R[i, j] is the accuracy on
   task j after task i of T tasks was learned. ACC is the mean of the last row of R, LA that of its diagonal, and
   BWT the mean of R[T, j] - R[j, j] over all tasks j but the last. Then ACC = LA + (T - 1) / T BWT, for every
   table. Of every table of at least two tasks: the rule. *)
From Coq Require Import Reals NArith ZArith List.
From Certificates Require Import Table MT_2.
Import ListNotations.
Open Scope R_scope.

(* accuracy-tables:always-0 *)
Example anchor_1 :
  hypotheses [[(1 / 1); (0 / 1)]; [(0 / 1); (1 / 1)]] (-1 / 1) /\
  lhs [[(1 / 1); (0 / 1)]; [(0 / 1); (1 / 1)]] (-1 / 1) = (1 / 2) /\
  rhs [[(1 / 1); (0 / 1)]; [(0 / 1); (1 / 1)]] (-1 / 1) = (1 / 2).
Proof. anchored. Qed.

(* accuracy-tables:always-1 *)
Example anchor_2 :
  hypotheses [[(1 / 1); (1 / 2)]; [(3 / 4); (7 / 8)]] (-1 / 4) /\
  lhs [[(1 / 1); (1 / 2)]; [(3 / 4); (7 / 8)]] (-1 / 4) = (13 / 16) /\
  rhs [[(1 / 1); (1 / 2)]; [(3 / 4); (7 / 8)]] (-1 / 4) = (13 / 16).
Proof. anchored. Qed.

(* accuracy-tables:always-2 *)
Example anchor_3 :
  hypotheses [[(1 / 2); (0 / 1)]; [(7 / 8); (3 / 4)]] (3 / 8) /\
  lhs [[(1 / 2); (0 / 1)]; [(7 / 8); (3 / 4)]] (3 / 8) = (13 / 16) /\
  rhs [[(1 / 2); (0 / 1)]; [(7 / 8); (3 / 4)]] (3 / 8) = (13 / 16).
Proof. anchored. Qed.

(* accuracy-tables:always-3 *)
Example anchor_4 :
  hypotheses [[(1 / 2); (0 / 1); (0 / 1)]; [(3 / 4); (1 / 2); (0 / 1)]; [(1 / 4); (1 / 2); (1 / 1)]] (-1 / 8) /\
  lhs [[(1 / 2); (0 / 1); (0 / 1)]; [(3 / 4); (1 / 2); (0 / 1)]; [(1 / 4); (1 / 2); (1 / 1)]] (-1 / 8) = (7 / 12) /\
  rhs [[(1 / 2); (0 / 1); (0 / 1)]; [(3 / 4); (1 / 2); (0 / 1)]; [(1 / 4); (1 / 2); (1 / 1)]] (-1 / 8) = (7 / 12).
Proof. anchored. Qed.

(* accuracy-tables:always-4 *)
Example anchor_5 :
  hypotheses [[(1 / 1); (1 / 8); (1 / 4)]; [(3 / 4); (1 / 1); (3 / 8)]; [(5 / 8); (3 / 4); (1 / 1)]] (-5 / 16) /\
  lhs [[(1 / 1); (1 / 8); (1 / 4)]; [(3 / 4); (1 / 1); (3 / 8)]; [(5 / 8); (3 / 4); (1 / 1)]] (-5 / 16) = (19 / 24) /\
  rhs [[(1 / 1); (1 / 8); (1 / 4)]; [(3 / 4); (1 / 1); (3 / 8)]; [(5 / 8); (3 / 4); (1 / 1)]] (-5 / 16) = (19 / 24).
Proof. anchored. Qed.

(* accuracy-tables:always-5 *)
Example anchor_6 :
  hypotheses [[(7 / 8); (5 / 8); (1 / 2); (1 / 4)]; [(1 / 4); (0 / 1); (0 / 1); (0 / 1)]; [(1 / 8); (7 / 8); (5 / 8); (1 / 1)]; [(1 / 2); (5 / 8); (1 / 1); (3 / 4)]] (5 / 24) /\
  lhs [[(7 / 8); (5 / 8); (1 / 2); (1 / 4)]; [(1 / 4); (0 / 1); (0 / 1); (0 / 1)]; [(1 / 8); (7 / 8); (5 / 8); (1 / 1)]; [(1 / 2); (5 / 8); (1 / 1); (3 / 4)]] (5 / 24) = (23 / 32) /\
  rhs [[(7 / 8); (5 / 8); (1 / 2); (1 / 4)]; [(1 / 4); (0 / 1); (0 / 1); (0 / 1)]; [(1 / 8); (7 / 8); (5 / 8); (1 / 1)]; [(1 / 2); (5 / 8); (1 / 1); (3 / 4)]] (5 / 24) = (23 / 32).
Proof. anchored. Qed.

(* accuracy-tables:always-6 *)
Example anchor_7 :
  hypotheses [[(5 / 8); (1 / 2); (5 / 8); (1 / 1); (1 / 4)]; [(7 / 8); (3 / 4); (0 / 1); (3 / 8); (7 / 8)]; [(1 / 2); (0 / 1); (3 / 4); (3 / 4); (7 / 8)]; [(1 / 8); (0 / 1); (7 / 8); (0 / 1); (1 / 2)]; [(0 / 1); (1 / 4); (1 / 2); (3 / 8); (3 / 8)]] (-1 / 4) /\
  lhs [[(5 / 8); (1 / 2); (5 / 8); (1 / 1); (1 / 4)]; [(7 / 8); (3 / 4); (0 / 1); (3 / 8); (7 / 8)]; [(1 / 2); (0 / 1); (3 / 4); (3 / 4); (7 / 8)]; [(1 / 8); (0 / 1); (7 / 8); (0 / 1); (1 / 2)]; [(0 / 1); (1 / 4); (1 / 2); (3 / 8); (3 / 8)]] (-1 / 4) = (3 / 10) /\
  rhs [[(5 / 8); (1 / 2); (5 / 8); (1 / 1); (1 / 4)]; [(7 / 8); (3 / 4); (0 / 1); (3 / 8); (7 / 8)]; [(1 / 2); (0 / 1); (3 / 4); (3 / 4); (7 / 8)]; [(1 / 8); (0 / 1); (7 / 8); (0 / 1); (1 / 2)]; [(0 / 1); (1 / 4); (1 / 2); (3 / 8); (3 / 8)]] (-1 / 4) = (3 / 10).
Proof. anchored. Qed.
