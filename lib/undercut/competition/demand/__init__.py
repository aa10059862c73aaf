"""What would models cost, and who would buy which, if some of them did not exist?"""
